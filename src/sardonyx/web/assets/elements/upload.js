// <sx-upload>: files and whole folders, dropped or chosen; progress, cancel, retry, and a
// question before anything is replaced. Each file is stored whole or not at all (PUT, raw body).
import { announce, fill } from "./words.js";

const TOGETHER = 3; // uploads at once: browsers allow six connections to one place
const ICONS = (document.querySelector("use")?.getAttribute("href") ?? "").split("#")[0];

class Upload extends HTMLElement {
  connectedCallback() {
    this.transfers = [];
    this.plain = this.querySelector("form");
    for (const input of this.querySelectorAll("input[type=file]")) {
      input.disabled = false;
      input.closest("[hidden]")?.removeAttribute("hidden");
      input.addEventListener("change", () => {
        this.add([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
        input.value = "";
      });
    }
    for (const part of this.querySelectorAll("[data-plain]")) part.hidden = true;
    this.drop = this.querySelector(".drop");
    // The whole window takes a drop: a near miss must not leave the page.
    this.over = (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.drop.classList.toggle("over", event.type === "dragover");
    };
    this.dropped = async (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.drop.classList.remove("over");
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
      const found = [];
      for (const entry of entries) await walk(entry, "", found);
      this.add(found);
    };
    addEventListener("dragover", this.over);
    addEventListener("dragleave", this.over);
    addEventListener("drop", this.dropped);
    this.leaving = (event) => {
      if (this.transfers.some((one) => one.state === "going" || one.state === "waiting")) event.preventDefault();
    };
    addEventListener("beforeunload", this.leaving);
  }

  disconnectedCallback() {
    removeEventListener("dragover", this.over);
    removeEventListener("dragleave", this.over);
    removeEventListener("drop", this.dropped);
    removeEventListener("beforeunload", this.leaving);
  }

  add(files) {
    if (!files.length) return;
    this.board();
    for (const { file, path } of files) {
      const transfer = { file, path, state: "waiting", sent: 0, overwrite: false };
      this.transfers.push(transfer);
      this.list.append(this.row(transfer));
      this.paint(transfer);
    }
    this.pump();
  }

  board() {
    if (this.list) return;
    const box = document.createElement("div");
    box.className = "transfers";
    box.innerHTML = `<div class="transfers-head"><strong></strong><div class="row"></div></div><ul class="transfer-list"></ul>`;
    this.summary = box.querySelector("strong");
    this.tools = box.querySelector(".row");
    this.list = box.querySelector("ul");
    this.append(box);
    this.buttons = {
      replace: this.tool(this.dataset.replaceAll, () => this.again("exists", true)),
      skip: this.tool(this.dataset.skipAll, () => this.each("exists", (one) => this.finish(one, "cancelled"))),
      retry: this.tool(this.dataset.retryAll, () => this.again("failed", false)),
      cancel: this.tool(this.dataset.cancelAll, () => this.each("waiting going", (one) => this.cancel(one))),
    };
  }

  tool(label, act) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button small", textContent: label, hidden: true });
    button.addEventListener("click", act);
    this.tools.append(button);
    return button;
  }

  row(transfer) {
    const item = document.createElement("li");
    item.className = "transfer";
    item.innerHTML =
      `<span class="name"></span><progress max="1"></progress><span class="state"></span>` +
      `<button type="button" class="button quiet small only"><svg class="icon" aria-hidden="true"><use href="${ICONS}#close"/></svg><span class="unseen"></span></button>`;
    const [name, bar, state, button] = item.children;
    name.textContent = name.title = transfer.path;
    bar.setAttribute("aria-label", transfer.path);
    Object.assign(transfer, { item, bar, shown: state, button });
    button.addEventListener("click", () =>
      ["failed", "cancelled"].includes(transfer.state) ? this.retry(transfer, false)
        : transfer.state === "exists" ? this.retry(transfer, true) : this.cancel(transfer));
    return item;
  }

  pump() {
    const free = TOGETHER - this.transfers.filter((one) => one.state === "going").length;
    this.transfers.filter((one) => one.state === "waiting").slice(0, free).forEach((one) => this.send(one));
    this.sum();
  }

  send(transfer) {
    const request = new XMLHttpRequest();
    const key = (this.dataset.prefix + transfer.path).split("/").map(encodeURIComponent).join("/");
    transfer.request = request;
    transfer.state = "going";
    request.open("PUT", `/api/v1/projects/${encodeURIComponent(this.dataset.project)}/files/${key}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (!transfer.overwrite) request.setRequestHeader("If-None-Match", "*");
    request.upload.onprogress = (event) => {
      transfer.sent = event.loaded;
      this.paint(transfer);
    };
    request.onload = () => {
      if (request.status < 300) return this.finish(transfer, "done");
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not ours: the status is all we know */ }
      transfer.why = answer.detail ?? String(request.status);
      this.finish(transfer, answer.code === "object_exists" ? "exists" : "failed");
    };
    request.onerror = () => {
      transfer.why = this.dataset.broken;
      this.finish(transfer, "failed");
    };
    request.onabort = () => this.finish(transfer, "cancelled");
    this.paint(transfer);
    request.send(transfer.file);
  }

  cancel(transfer) {
    if (transfer.state === "going") transfer.request.abort();
    else this.finish(transfer, "cancelled");
  }

  retry(transfer, overwrite) {
    Object.assign(transfer, { state: "waiting", sent: 0, overwrite });
    this.paint(transfer);
    this.pump();
  }

  again(state, overwrite) {
    this.each(state, (one) => this.retry(one, overwrite));
  }

  each(states, act) {
    this.transfers.filter((one) => states.split(" ").includes(one.state)).forEach(act);
  }

  finish(transfer, state) {
    transfer.state = state;
    this.paint(transfer);
    this.pump();
    if (this.transfers.some((one) => ["waiting", "going", "exists", "failed"].includes(one.state))) return;
    const done = this.transfers.filter((one) => one.state === "done");
    if (!done.length) return;
    // A single file leads to its preview where the page asks so; else the list is read again.
    const single = this.dataset.then === "preview" && done.length === 1 && this.transfers.length === 1;
    const folder = this.dataset.prefix.split("/").map(encodeURIComponent).join("/");
    const target = single ? folder + done[0].path.split("/").map(encodeURIComponent).join("/") : folder;
    location.assign(`/files/${target}`);
  }

  paint(transfer) {
    const { dataset } = this;
    const part = transfer.file.size ? transfer.sent / transfer.file.size : transfer.state === "done" ? 1 : 0;
    transfer.item.className = `transfer ${transfer.state}`;
    transfer.bar.value = transfer.state === "done" ? 1 : part;
    transfer.bar.hidden = !["waiting", "going"].includes(transfer.state);
    transfer.shown.textContent = {
      waiting: dataset.waiting,
      going: `${Math.floor(part * 100)} %`,
      done: dataset.done,
      cancelled: dataset.cancelled,
      exists: dataset.exists,
      failed: transfer.why,
    }[transfer.state];
    transfer.button.hidden = transfer.state === "done";
    const [icon, label] = { failed: ["retry", dataset.retry], cancelled: ["retry", dataset.retry], exists: ["upload", dataset.replace] }[
      transfer.state
    ] ?? ["close", dataset.cancel];
    transfer.button.querySelector("use").setAttribute("href", `${ICONS}#${icon}`);
    transfer.button.querySelector("span").textContent = `${label} ${transfer.path}`;
  }

  sum() {
    const total = this.transfers.length;
    const count = (state) => this.transfers.filter((one) => one.state === state).length;
    const words = fill(this.dataset.summary, { done: count("done"), total });
    this.summary.textContent = words;
    this.buttons.replace.hidden = this.buttons.skip.hidden = count("exists") === 0;
    this.buttons.retry.hidden = count("failed") === 0;
    this.buttons.cancel.hidden = count("waiting") + count("going") === 0;
    announce(words);
  }
}

// Reads a dropped folder to its ends: readEntries gives at most a hundred at a time.
async function walk(entry, base, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: base + entry.name });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const child of some) await walk(child, `${base}${entry.name}/`, found);
  }
}

customElements.define("sx-upload", Upload);
