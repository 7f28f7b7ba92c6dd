// The YAML editor, a bundle of its own: loaded only where settings are edited as text.
// What it knows of the chart comes from the server: completions as one types, faults as marks.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent-ink)" },
  { tag: [tags.string, tags.content], color: "var(--ink)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--good)" },
  { tag: tags.comment, color: "var(--ink-2)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: "var(--ink-2)" },
]);

const look = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--ink)", fontSize: "var(--text-2)", border: "var(--line-width) solid var(--line-strong)", borderRadius: "var(--round-1)", maxHeight: "70vh", minHeight: "20rem" },
  "&.cm-focused": { outline: "2px solid var(--focus)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)", padding: "var(--s3) 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-2)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunken) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "var(--line-width) solid var(--line-strong)", borderRadius: "var(--round-1)", boxShadow: "var(--shadow-2)", maxWidth: "24rem" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16rem" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "var(--s1) var(--s2)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--accent-ink)" },
  ".cm-completionDetail": { color: "var(--ink-2)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "var(--s2) var(--s3)", fontFamily: "var(--font)" },
  ".cm-diagnostic": { padding: "var(--s2) var(--s3)" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeft: "3px solid var(--busy)" },
  ".cm-lintRange-error": { textDecoration: "underline wavy var(--bad)", backgroundImage: "none" },
  ".cm-lintRange-warning": { textDecoration: "underline wavy var(--busy)", backgroundImage: "none" },
});

// Marks of a part of a text that has changed meanwhile would stand elsewhere: they are bounded.
function places(doc, { line, column, level, message }) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(at.from + Math.max((column ?? 1) - 1, 0), at.to);
  return { from, to: Math.max(at.to, from), severity: level, message };
}

/* Return an editor of `text` inside `root` (a shadow root: styles go there, not into the page).
 * complete(line, column, text) resolves to [{label, apply, column, detail, info}]; changed(text) is told
 * of each edit. */
export function openEditor({ root, text, label, changed, complete }) {
  const source = async (context) => {
    const before = context.matchBefore(/\S/);
    if (!context.explicit && !before) return null;
    const line = context.state.doc.lineAt(context.pos);
    const found = await complete(line.number, context.pos - line.from + 1, context.state.doc.toString());
    if (context.aborted || !found.length) return null;
    const options = found.map(({ label, apply, detail, info }) => ({ label, apply, detail, info: info || undefined }));
    return { from: line.from + found[0].column - 1, options, validFor: /^[\w.-]*$/ };
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        foldGutter(),
        lintGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        highlightActiveLine(),
        yaml(),
        syntaxHighlighting(colours),
        look,
        EditorView.lineWrapping,
        EditorState.tabSize.of(2),
        EditorView.contentAttributes.of({ "aria-label": label, translate: "no" }),
        autocompletion({ override: [source], icons: false, activateOnTypingDelay: 200 }),
        keymap.of([...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap, ...foldKeymap]),
        EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
      ],
    }),
  });
  // What scrolls is reached by the text in it.
  view.scrollDOM.removeAttribute("tabindex");
  return {
    text: () => view.state.doc.toString(),
    give: (given) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: given } }),
    mark: (faults) => view.dispatch(setDiagnostics(view.state, faults.map((one) => places(view.state.doc, one)))),
    focus: () => view.focus(),
  };
}
