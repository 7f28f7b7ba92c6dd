// Small comforts of forms: reveal a password, count ticked rows, show a slider's value,
// and never send one twice.
import { words } from "./words.js";

// Two sliders on one track: the one that is moved stops at the other.
function showSpan(moved) {
  const span = moved.closest("[data-span]");
  const [low, high] = span.querySelectorAll("input[type=range]");
  if (low.valueAsNumber > high.valueAsNumber) moved.value = (moved === low ? high : low).value;
  const unit = moved.dataset.unit ? ` ${moved.dataset.unit}` : "";
  span.querySelector("output").textContent = `${low.value} – ${high.value}${unit}`;
}

export function wireForms(root) {
  const reveal = () => {
    for (const button of root.querySelectorAll("[data-reveal][hidden]")) button.hidden = false;
  };
  reveal();
  root.addEventListener("htmx:afterSettle", reveal);

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveal]");
    if (button) {
      const field = root.getElementById(button.dataset.reveal);
      const hide = field.type === "text";
      field.type = hide ? "password" : "text";
      button.setAttribute("aria-pressed", String(!hide));
      button.querySelector("span").textContent = hide ? words.show : words.hide;
    }
    const adder = event.target.closest("[data-add-row]");
    if (adder) {
      const rows = root.getElementById(adder.dataset.addRow);
      const copy = rows.lastElementChild.cloneNode(true);
      const number = rows.children.length + 1;
      for (const field of copy.querySelectorAll("input")) {
        field.value = "";
        field.id = field.id.replace(/\d+$/, number);
      }
      for (const label of copy.querySelectorAll("label")) label.htmlFor = label.htmlFor.replace(/\d+$/, number);
      rows.append(copy);
      copy.querySelector("input").focus();
    }
  });

  root.addEventListener("input", (event) => {
    const field = event.target;
    if (field.type === "range" && field.closest("[data-span]")) {
      showSpan(field);
    } else if (field.type === "range") {
      const shown = field.parentElement.querySelector("output");
      if (shown) shown.textContent = `${field.value}${field.dataset.unit ? " " + field.dataset.unit : ""}`;
    }
    if (field.dataset.upper !== undefined) {
      const at = field.selectionStart;
      field.value = field.value.toUpperCase().replace(/[^A-Z0-9_]/g, "_");
      field.setSelectionRange(at, at);
    }
  });

  root.addEventListener("change", (event) => {
    const form = event.target.form;
    if (event.target.dataset.all !== undefined) {
      for (const tick of form.querySelectorAll("input[name=key]")) tick.checked = event.target.checked;
    }
    if (form?.dataset.ticked !== undefined) {
      const count = form.querySelectorAll("input[name=key]:checked").length;
      const button = form.querySelector("[data-needs-ticks]");
      button.disabled = count === 0;
      form.querySelector("[data-tick-count]").textContent = count ? ` (${count})` : "";
    }
  });
  for (const button of root.querySelectorAll("[data-needs-ticks]")) button.disabled = true;

  // htmx adds the button clicked last to every later request of the form around it; here a button
  // asks by itself, and nothing is to be added or removed twice.
  root.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.tagName !== "FORM") return;
    for (const button of detail.elt.querySelectorAll("button[name]")) detail.formData.delete(button.name);
  });

  // A button's request holds all that was typed. The form's own, which the same click brings about
  // as it leaves a field, would take its place: it waits for the answer.
  const asking = new Map(); // by request: an answer may take the button itself away
  const late = new Set();
  root.addEventListener("htmx:beforeRequest", ({ detail: { elt, xhr } }) => {
    if (elt.tagName === "BUTTON" && elt.form) asking.set(xhr, elt.form);
  });
  root.addEventListener("htmx:confirm", (event) => {
    const form = event.detail.elt;
    if (![...asking.values()].includes(form)) return;
    event.preventDefault();
    late.add(form);
  });
  root.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
    const form = asking.get(xhr);
    asking.delete(xhr);
    if (late.delete(form)) form.dispatchEvent(new Event("change"));
  });

  root.addEventListener("submit", (event) => {
    const form = event.target;
    // A download leaves the page where it is: the form is still to be sent.
    if (form.method !== "post" || event.submitter?.dataset.download !== undefined) return;
    if (form.dataset.sent !== undefined) event.preventDefault();
    form.dataset.sent = "";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  // A page brought back by the browser's own history may be sent again.
  addEventListener("pageshow", () => {
    for (const form of root.forms) delete form.dataset.sent;
  });
}
