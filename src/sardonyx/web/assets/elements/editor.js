// <sx-editor data-src data-label data-complete-at data-marks data-given>: turns the text area
// inside it into an editor, once its bundle is there. Without script the text area stays.
class Editor extends HTMLElement {
  static observedAttributes = ["data-marks", "data-given"];

  async connectedCallback() {
    if (this.area) return;
    this.area = this.querySelector("textarea");
    const form = this.closest("form");
    const { openEditor } = await import(this.dataset.src);
    const focused = document.activeElement === this.area;
    this.editor = openEditor({
      root: this.attachShadow({ mode: "open" }),
      text: this.area.value,
      label: this.dataset.label,
      changed: (text) => {
        this.area.value = text;
        this.area.dispatchEvent(new Event("input", { bubbles: true }));
      },
      complete: (line, column, text) => this.complete(form, line, column, text),
    });
    // An answer may have put an older text into the area: what is sent is what one sees.
    form.addEventListener("formdata", ({ formData }) => {
      if (this.isConnected && formData.has(this.area.name)) formData.set(this.area.name, this.editor.text());
    });
    this.mark();
    if (focused) this.editor.focus();
  }

  attributeChangedCallback(name, before, after) {
    if (!this.editor || before === after) return;
    // The text area is renewed right after its parent's attributes.
    if (name === "data-given") queueMicrotask(() => this.editor.give(this.area.value));
    else this.mark();
  }

  mark() {
    this.editor.mark(JSON.parse(this.dataset.marks || "[]"));
  }

  async complete(form, line, column, text) {
    const asked = new FormData(form);
    asked.set(this.area.name, text);
    asked.set("line", line);
    asked.set("column", column);
    const answer = await fetch(this.dataset.completeAt, { method: "POST", body: new URLSearchParams(asked) });
    return answer.ok ? answer.json() : [];
  }
}

customElements.define("sx-editor", Editor);
