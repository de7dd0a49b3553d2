// Small helps. Every page works without them.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  navigator.clipboard.writeText(source.textContent.trim()).then(() => say("Copied"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector("[data-slash]");
  if (!field || field.offsetParent === null) return;
  event.preventDefault();
  field.focus();
});

// A form that was sent is not sent again by an impatient second click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("data-again")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// A select that acts at once says so with data-submit.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

document.addEventListener("htmx:beforeRequest", (event) => event.detail.elt.setAttribute("aria-busy", "true"));
document.addEventListener("htmx:afterRequest", (event) => event.detail.elt.removeAttribute("aria-busy"));
document.addEventListener("htmx:responseError", () => say("The page could not be refreshed. Reload it to see the current state."));
document.addEventListener("htmx:sendError", () => say("No connection to Ledgerbridge."));
// New content announces itself, wherever it was put (an outerHTML swap has no target left).
document.addEventListener("htmx:load", (event) => {
  const fresh = event.detail.elt;
  const said = fresh.matches("[data-say]") ? fresh : fresh.querySelector("[data-say]");
  if (said) say(said.dataset.say);
});

function say(text) {
  const region = document.getElementById("status");
  if (region && region.textContent !== text) region.textContent = text;
}
