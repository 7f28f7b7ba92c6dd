// <sx-tabs>: its parts with headings become tabs (arrow keys, Home, End). They are no sections: two
// boxes on a page would be two landmarks of one name.
let count = 0;

class Tabs extends HTMLElement {
  connectedCallback() {
    if (this.watching === undefined) {
      // A swap takes away what the server did not send: the list, and which part is shown.
      this.watching = new MutationObserver(() => this.dress());
      this.watching.observe(this, { childList: true });
    }
    this.dress();
  }

  dress() {
    if (this.querySelector(":scope > .tab-list") !== null) return;
    const sections = [...this.querySelectorAll(":scope > .tab")];
    const shown = this.buttons?.findIndex((one) => one.getAttribute("aria-selected") === "true");
    const list = document.createElement("div");
    list.className = "tab-list";
    list.setAttribute("role", "tablist");
    this.buttons = sections.map((section) => {
      const id = `tab-${++count}`;
      const button = document.createElement("button");
      Object.assign(button, { type: "button", id, textContent: section.dataset.label });
      button.setAttribute("role", "tab");
      section.id ||= `${id}-panel`;
      section.setAttribute("role", "tabpanel");
      section.setAttribute("aria-labelledby", id);
      section.setAttribute("data-kept", "");
      button.setAttribute("aria-controls", section.id);
      button.addEventListener("click", () => this.choose(button));
      list.append(button);
      return button;
    });
    this.sections = sections;
    list.addEventListener("keydown", (event) => this.move(event));
    this.prepend(list);
    this.classList.add("on");
    this.setAttribute("data-kept", "");
    this.choose(this.buttons[shown ?? 0]);
  }

  choose(chosen, focus = false) {
    this.buttons.forEach((button, index) => {
      const on = button === chosen;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      this.sections[index].hidden = !on;
    });
    if (focus) chosen.focus();
  }

  move(event) {
    const last = this.buttons.length - 1;
    const here = this.buttons.indexOf(document.activeElement);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.choose(this.buttons[(next + last + 1) % (last + 1)], true);
  }
}

customElements.define("sx-tabs", Tabs);
