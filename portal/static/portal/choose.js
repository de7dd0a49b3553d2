// Ticking rows of a list: how many are chosen, all of the page at once. The form works without it.
"use strict";

for (const form of document.querySelectorAll("[data-choose]")) {
  const all = form.querySelector("[data-choose-all]");
  const words = form.querySelector("[data-chosen]");
  // A row may stand outside the form and name it (form="…"): each row then has a form of its own.
  const boxes = () => [...form.elements].filter((box) => box.matches("[type=checkbox]:not([data-choose-all], [data-every])"));
  const idle = words ? words.textContent : "";
  const show = () => {
    const chosen = boxes().filter((box) => box.checked);
    for (const box of boxes()) box.closest("tr, section").classList.toggle("chosen", box.checked);
    if (words) words.textContent = chosen.length ? `${chosen.length} chosen` : idle;
    if (all) {
      all.checked = chosen.length > 0 && chosen.length === boxes().length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes().length;
    }
  };
  document.addEventListener("change", (event) => {
    if (event.target.form !== form) return;
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    show();
  });
  window.addEventListener("pageshow", show);
}
