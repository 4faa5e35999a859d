// Conveniences on top of pages that work without them: theme, copy, search key, filter, local times.
(() => {
  "use strict";
  const root = document.documentElement;
  const remembered = () => { try { return localStorage.getItem("gatepost-theme"); } catch { return null; } };
  const theme = remembered();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

  function switchTheme() {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("gatepost-theme", root.dataset.theme); } catch { /* private windows */ }
  }

  async function copy(button) {
    const box = button.closest("[data-copy]");
    const text = (box.querySelector("[data-text]") ?? box.querySelector("pre, code")).textContent;
    const say = button.querySelector("span") ?? button;
    const before = say.textContent;
    try {
      await navigator.clipboard.writeText(text);
      say.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(box.querySelector("pre, code"));
      say.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { say.textContent = before; }, 1800);
  }

  // What a row says, without the words on its buttons.
  function said(row) {
    const copy = row.cloneNode(true);
    for (const it of copy.querySelectorAll("button, form, details.sure")) it.remove();
    return copy.textContent.toLowerCase();
  }

  function filter(input) {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of document.querySelectorAll(input.dataset.filter)) {
      const text = said(row);
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    const none = document.querySelector("[data-filter-none]");
    if (none) none.hidden = shown > 0;
  }

  function localTimes() {
    const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
    for (const time of document.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      if (time.dataset.form === "ago") time.title = day.format(at);
      else time.textContent = day.format(at);
    }
  }

  function chosenAction() {
    const form = document.querySelector("[data-policy]");
    if (!form) return;
    const show = () => {
      const action = form.querySelector("[name=action]:checked")?.value;
      for (const part of form.querySelectorAll("[data-for-action]")) part.hidden = part.dataset.forAction !== action;
    };
    form.addEventListener("change", show);
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const hidden of document.querySelectorAll("[data-with-script]")) hidden.hidden = false;
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.matches("[data-theme-switch]")) switchTheme();
      else if (button?.matches("[data-copy-button]")) copy(button);
      for (const open of document.querySelectorAll("details.sure[open]")) {
        if (!open.contains(event.target)) open.open = false;
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") for (const open of document.querySelectorAll("details.sure[open]")) open.open = false;
      const isTyping = event.target.matches("input, textarea, select");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); }
    });
    for (const input of document.querySelectorAll("[data-filter]")) input.addEventListener("input", () => filter(input));
    document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    localTimes();
    chosenAction();
  });
})();
