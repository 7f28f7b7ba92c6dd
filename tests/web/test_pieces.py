"""Small pieces of pages: what is a text stays one, whatever it holds."""

from __future__ import annotations

from sardonyx.web.views import drawn_icon, environment, ticks


def test_a_text_with_ticks_is_no_markup() -> None:
    assert ticks("a <b> & c") == "a &lt;b&gt; &amp; c"
    assert ticks("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    assert ticks("one ` <b>") == "one ` &lt;b&gt;"


def test_an_icon_is_one_of_the_bundle() -> None:
    drawn = drawn_icon("open")
    assert drawn.startswith('<svg class="icon" aria-hidden="true"')
    assert drawn.endswith('#open"/></svg>')
    assert "<script>" not in drawn_icon('"><script>')


def test_a_text_of_a_template_is_translated_and_its_values_are_texts() -> None:
    template = environment("fr").from_string('{{ _("Delete %(title)s", title=name) }}')
    assert template.render(name="<b>") == "Supprimer &lt;b&gt;"
