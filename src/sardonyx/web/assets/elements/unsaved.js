// Warn before a page is left whose form holds what was not saved. The browser's own words.
export function wireUnsaved(root) {
  const form = root.querySelector("form[data-warns-unsaved]");
  if (!form) return;
  let dirty = false;
  let leaving = false;
  form.addEventListener("input", () => (dirty = true));
  form.addEventListener("change", () => (dirty = true));
  form.addEventListener("submit", () => (leaving = true));
  addEventListener("pageshow", () => (leaving = false));
  addEventListener("beforeunload", (event) => {
    if (!leaving && (dirty || form.querySelector("[data-unsaved]"))) event.preventDefault();
  });
}
