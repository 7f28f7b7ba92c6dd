// <sx-log>: shows the end of a log while it grows, unless the reader has scrolled up.
const LIMIT = 400_000; // characters kept in the page; the whole log is one click away
const BEGIN = "\f"; // sent where a stream (re)starts: the log anew, in place of what is shown

class Log extends HTMLElement {
  connectedCallback() {
    this.scrollTop = this.scrollHeight;
    this.follow = true;
    this.addEventListener("scroll", () => {
      this.follow = this.scrollHeight - this.scrollTop - this.clientHeight < 24;
    });
    this.watch = new MutationObserver(() => {
      const begin = this.textContent.lastIndexOf(BEGIN);
      if (begin >= 0) this.textContent = this.textContent.slice(begin + BEGIN.length);
      if (this.textContent.length > LIMIT) this.textContent = this.textContent.slice(-LIMIT / 2);
      if (this.follow) this.scrollTop = this.scrollHeight;
    });
    this.watch.observe(this, { childList: true, characterData: true, subtree: true });
  }

  disconnectedCallback() {
    this.watch?.disconnect();
  }
}

customElements.define("sx-log", Log);
