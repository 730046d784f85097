"""The officers' desk."""

from django.urls import path

from takedown.views import bundle, contacts, desk, directory, lawbook, notice, printed, report, review, terms, upload

app_name = "takedown"
urlpatterns = [
    path("", desk.desk, name="desk"),
    path("queue/", desk.queue, name="queue"),
    path("sent/", desk.sent, name="sent"),
    path("matches/<uuid:match_id>/", review.review, name="review"),
    path("matches/<uuid:match_id>/frames/<int:number>/<str:side>/", review.frame, name="frame"),
    path("matches/<uuid:match_id>/reveal/<int:number>/", review.reveal, name="reveal"),
    path("matches/<uuid:match_id>/reveals/<int:reveal_id>/", review.reveal_ended, name="reveal_ended"),
    path("matches/<uuid:match_id>/accept/", review.accept, name="accept"),
    path("matches/<uuid:match_id>/dismiss/", review.dismiss, name="dismiss"),
    path("matches/<uuid:match_id>/upload/", upload.capture_upload, name="capture_upload"),
    path("matches/<uuid:match_id>/bundle/", bundle.bundle, name="bundle"),
    path("notices/<uuid:notice_id>/", notice.notice, name="notice"),
    path("notices/<uuid:notice_id>/language/", notice.language, name="language"),
    path("notices/<uuid:notice_id>/police/", notice.police, name="police"),
    path("notices/<uuid:notice_id>/message/", notice.message, name="message"),
    path("notices/<uuid:notice_id>/approve/", notice.approve, name="approve"),
    path("notices/<uuid:notice_id>/undo/", notice.undo, name="undo"),
    path("notices/<uuid:notice_id>/decide/", notice.decide, name="decide"),
    path("notices/<uuid:notice_id>/printed.<str:kind>", printed.printed, name="printed"),
    path("captures/<uuid:capture_id>/report.pdf", report.report, name="report"),
    path("cases/<uuid:case_id>/terms/", terms.case_terms, name="terms"),
    path("cases/<uuid:case_id>/terms/show/", terms.show_terms, name="show_terms"),
    path("cases/<uuid:case_id>/terms/add/", terms.add_term, name="add_term"),
    path("cases/<uuid:case_id>/terms/<uuid:term_id>/remove/", terms.remove_term, name="remove_term"),
    path("cases/<uuid:case_id>/terms/<uuid:term_id>/sites/", terms.tick_sites, name="tick_sites"),
    path("lawbook/", lawbook.letters_missing, name="letters_missing"),
    path("lawbook/preview/", lawbook.letters_preview, name="letters_preview"),
    path("contacts/", contacts.contact_list, name="contacts"),
    path("contacts/export.csv", contacts.contacts_export, name="contacts_export"),
    path("contacts/import/", contacts.contacts_import, name="contacts_import"),
    path("contacts/<int:site_id>/", contacts.site, name="site"),
    path("contacts/<int:site_id>/look-up/", directory.look_up, name="site_look_up"),
    path("contacts/<int:site_id>/add/", directory.add, name="contact_add"),
    path("contacts/<int:site_id>/merge/", directory.merge, name="site_merge"),
    path("contacts/contact/<int:contact_id>/edit/", directory.edit, name="contact_edit"),
    path("contacts/contact/<int:contact_id>/<str:verb>/", directory.contact_verb, name="contact_verb"),
    path("contacts/suggestions/<int:suggestion_id>/<str:verb>/", directory.suggestion_verb, name="suggestion_verb"),
    path("contacts/changes/<int:change_id>/<str:verb>/", directory.change_verb, name="change_verb"),
]
