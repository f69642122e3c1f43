"""What the query service answers. See query_settings.py."""

from types import SimpleNamespace

from django.http import HttpResponse
from django.urls import include, re_path
from graphite.metrics import views
from graphite.settings import WEBAPP_VERSION


def version(request):
    """The version as plain text; says that the service is up, and tells Grafana which functions there are."""
    return HttpResponse(WEBAPP_VERSION + "\n", content_type="text/plain")


# The profile of the person who asks, for one display option. Nobody has one here.
views.getProfile = lambda request: SimpleNamespace(advancedUI=False)

urlpatterns = [
    re_path("^render", include("graphite.render.urls")),
    re_path("^metrics", include("graphite.metrics.urls")),
    re_path("^functions", include("graphite.functions.urls")),
    re_path("^tags", include("graphite.tags.urls")),
    re_path("^version/?$", version),
]
