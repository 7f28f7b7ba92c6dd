// <sx-read>: counts events as read by itself, once they are on a page that somebody looks at.
// Without script, or where the stream does not come, its form does so by a button.
class Read extends HTMLElement {
  connectedCallback() {
    // Never before the stream has begun: it keeps marked what was unread until then.
    this.send = () => this.read();
    for (const name of ["htmx:sseMessage", "visibilitychange"]) document.addEventListener(name, this.send);
  }

  disconnectedCallback() {
    for (const name of ["htmx:sseMessage", "visibilitychange"]) document.removeEventListener(name, this.send);
  }

  async read() {
    const form = this.querySelector("form");
    const { value } = form.elements.until;
    if (document.visibilityState !== "visible" || value === this.sent) return;
    this.sent = value;
    const body = new URLSearchParams(new FormData(form));
    const asked = fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    this.hidden = await asked.then((answer) => answer.ok, () => false);
    if (!this.hidden) this.sent = undefined; // its button stays, and the next event asks again
  }
}

customElements.define("sx-read", Read);
