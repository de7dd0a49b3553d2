"""The company's site: Django's AdminSite and ModelAdmin with every way into another company's rows closed.

Stock behaviour that leaks, and where it is closed (stack handbook section 3): lists and objects (`get_queryset`),
choices of related rows (`formfield_for_foreignkey`, `formfield_for_manytomany`), filters over related rows
(`get_list_filter`), saving (`save_model`, `save_related`), deletion previews (`get_deleted_objects`), permissions by
Django's own tables (`has_*_permission` ask the role), sign-in (`login` goes to allauth).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper, wraps
from importlib import import_module
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.forms import BaseInlineFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from portal.people.access import company_page, may
from syncapp.tenancy import TenantModel, current_company_id

# Modules with own pages: each has `urls`, a list of paths whose views are guarded by `company_page`.
PAGES = (
    "portal.pages.home",
    "portal.pages.company",
    "portal.pages.api_keys",
    "portal.pages.connect",
    "portal.pages.notices",
    "portal.pages.real_time",
    "portal.pages.from_salesforce",
    "portal.pages.setup",
    "portal.pages.setup_match",
    "portal.pages.sync_test",
    "portal.pages.working",
)


class PortalSite(admin.AdminSite):
    """Everything of one company: own pages and, for what lists and forms serve well, model pages."""

    site_header = site_title = "Ledgerbridge"
    final_catch_all_view = False
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the person may enter at all; what they may do there is asked page by page."""
        return bool(request.user.is_active and getattr(request, "membership", None) is not None)

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Any:
        """Guard a model page: the session's company, then the model page's own questions about the role."""
        guarded = company_page("site.enter")(_naming_the_action(view))
        if not cacheable:
            guarded = never_cache(guarded)
        return update_wrapper(csrf_protect(guarded), view)

    def login(self, _request: HttpRequest, _extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_login")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every model page knows; leaves out the stock site's list of apps."""
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": "/",
            "has_permission": self.has_permission(request),
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
        }

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Own pages first, then a folder per registered model (`TenantModelAdmin.folder`)."""
        own: list[URLPattern | URLResolver] = []
        for module in PAGES:
            own += import_module(module).urls
        models_ = [
            path(f"{model_admin.folder}/", include(model_admin.urls))  # type: ignore[attr-defined]
            for model_admin in self._registry.values()
        ]
        tools = [path("jsi18n/", self.admin_view(self.i18n_javascript, cacheable=True), name="jsi18n")]
        return [*own, *tools, *models_]


def _naming_the_action(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Django's refusals carry no reason: name the action, so that the page can say who may do it."""
    page = getattr(view, "__self__", None)

    @wraps(view)
    def named(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except PermissionDenied as denied:
            if not isinstance(page, RoleQuestions):
                raise
            seen = page.has_view_permission(request)
            raise PermissionDenied(page.edit_action if seen else page.view_action) from denied

    return named


class CappedPaginator(Paginator):
    """Counts at most ten thousand rows: beyond that nobody turns pages, people filter."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:10_000].count())


class RoleQuestions:
    """Answers Django's permission questions from the role table."""

    view_action: str
    edit_action: str
    can_add = can_change = can_delete = True

    def _may(self, request: HttpRequest, action: str) -> bool:
        membership = getattr(request, "membership", None)
        return membership is not None and may(membership.role, action)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.view_action)

    def has_view_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self._may(request, self.view_action)

    def has_add_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self.can_add and self._may(request, self.edit_action)

    def has_change_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self.can_change and self._may(request, self.edit_action)

    def has_delete_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self.can_delete and self._may(request, self.edit_action)


class ScopedFields:
    """Choices of related rows come from the current company; fields of the company itself are never in a form."""

    model: type[models.Model]

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs.setdefault("queryset", scoped(db_field.related_model))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(
        self, db_field: models.ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs.setdefault("queryset", scoped(db_field.related_model))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


def scoped(model: Any) -> models.QuerySet[Any]:
    """Rows of a model that the current company may refer to; raises for models that are nobody's or everybody's."""
    if not issubclass(model, TenantModel):
        raise TypeError(f"{model.__name__} has no company: give its field a queryset of your own")
    return model.objects.all()


class _WithoutColons:
    """Form mixin: a label is a word, not the beginning of a sentence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class TenantModelAdmin(RoleQuestions, ScopedFields, admin.ModelAdmin):
    """Base of every model page of a company. Subclasses give `folder`, `view_action`, `edit_action`."""

    change_list_template = "portal_admin/change_list.html"
    change_form_template = "portal_admin/change_form.html"
    add_form_template = None
    delete_confirmation_template = "portal_admin/delete_confirmation.html"

    folder: ClassVar[str]
    heading_list = ""
    heading_add = ""
    lede = ""
    exclude: ClassVar[Any] = ("company",)
    actions: Any = None  # what changes rows has a page of its own
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    paginator = CappedPaginator
    save_on_top = False
    save_as_continue = False
    view_on_site = False
    list_filter: ClassVar[Any] = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = scoped(self.model)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Only fields with choices and our own filter classes: a related field would list other companies' rows."""
        return [one for one in super().get_list_filter(request) if self._is_safe_filter(one)]

    def _is_safe_filter(self, one: Any) -> bool:
        if not isinstance(one, str):
            return isinstance(one, type) and issubclass(one, admin.SimpleListFilter)
        field = self.opts.get_field(one)
        return bool(getattr(field, "choices", None)) or isinstance(field, models.BooleanField)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:  # noqa: ARG002
        """No filters across relations in the address: they would read rows of other tables."""
        return "__" not in lookup.removesuffix("__exact").removesuffix("__in").removesuffix("__isnull")

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Save as the current company; refuses a row that belongs to another."""
        if obj.company_id not in (None, current_company_id()):
            raise PermissionError("A row of another company was about to be saved.")
        obj.company_id = current_company_id()
        super().save_model(request, obj, form, change)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: BaseInlineFormSet[Any, Any, Any], change: bool
    ) -> None:
        """Inline rows belong to the company of their parent."""
        for inline in formset.forms:
            inline.instance.company_id = current_company_id()
        super().save_formset(request, form, formset, change)

    def get_deleted_objects(
        self, objs: Any, _request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name only what the person chose: the stock list shows every dependent row of every table."""
        rows = list(objs)
        return [str(row) for row in rows], {str(self.opts.verbose_name_plural): len(rows)}, set(), []

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        title = self.heading_list or str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(
            request, {"title": title, "lede": self.lede, "page_title": title, **(extra_context or {})}
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        own: dict[str, Any] = (
            {} if object_id else {"page_title": self.heading_add or f"Add {self.opts.verbose_name}"}
        )
        own |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**own, **(extra_context or {})})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form without colons after its labels."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (_WithoutColons, form), {})

    def _get_obj_does_not_exist_redirect(self, *_args: Any) -> Any:
        raise Http404

    # The audit trail (services.audit) is the record of who did what; Django's own log would be a second one.
    def log_addition(self, *_args: Any) -> None:  # type: ignore[override]
        return None

    def log_change(self, *_args: Any) -> None:  # type: ignore[override]
        return None

    def log_deletions(self, *_args: Any) -> None:  # type: ignore[override]
        return None

    def get_urls(self) -> list[URLPattern]:
        """The list and the forms; no history page, which reads Django's log, and no guessing of addresses."""
        pages = [
            "changelist",
            "change",
            *(["add"] if self.can_add else []),
            *(["delete"] if self.can_delete else []),
        ]
        kept = {f"{self.opts.app_label}_{self.opts.model_name}_{page}" for page in pages}
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") in kept]


class TenantTabularInline(RoleQuestions, ScopedFields, admin.TabularInline):
    """Rows inside their parent's form; the parent's role questions apply."""

    exclude: ClassVar[Any] = ("company",)
    extra = 0

    def get_queryset(self, _request: HttpRequest) -> models.QuerySet[Any]:
        return scoped(self.model)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Inputs of a table have no label beside them: name them for screen readers."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs.setdefault("aria-label", str(field.label or db_field.verbose_name))
        return field


portal_site = PortalSite(name="portal")
