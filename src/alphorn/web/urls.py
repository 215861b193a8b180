"""Which page is where."""

from django.urls import path

from alphorn.web.views import assets, blocked, errors, help, home

urlpatterns = [
    path("", home.show),
    path("help/", help.index),
    path("help/blocked/", blocked.check),
    path("help/<slug:name>/", help.show),
    path("static/<str:name>", assets.show),
]

handler400 = errors.bad_request
handler404 = errors.not_found
handler500 = errors.fault
