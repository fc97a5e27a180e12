/**
 * The page's script, as text so that it is in the compiled binary. Nothing depends on it but
 * comfort: live updates, local times, exact ages, the word on a lost connection.
 *
 * @module
 */

/** Served as `/app.js`. */
export const SCRIPT = `"use strict";
(() => {
  const SILENT_MS = 20000;
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  let offset = Number(document.body.dataset.now) - Date.now();
  let heardAt = Date.now();
  let source;
  // What the server sent for each part: the document's own differs, its times are local.
  const sent = new Map();
  for (const part of main.children) sent.set(part.id, part.outerHTML);

  const pad = (n) => String(n).padStart(2, "0");
  const day = (d) => d.getFullYear() + "-" + pad(d.getMonth() + 1) + "-" + pad(d.getDate());

  function ageText(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return s + " s ago";
    const min = Math.floor(s / 60);
    if (min < 60) return min + " min" + (min < 5 ? " " + (s % 60) + " s" : "") + " ago";
    const h = Math.floor(min / 60);
    if (h < 48) return h + " h " + (min % 60) + " min ago";
    return Math.floor(h / 24) + " d " + (h % 24) + " h ago";
  }

  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function localise(root) {
    const today = day(new Date(Date.now() + offset));
    for (const time of root.querySelectorAll("time")) {
      const d = new Date(time.dateTime);
      const clock = pad(d.getHours()) + ":" + pad(d.getMinutes()) + ":" + pad(d.getSeconds());
      setText(time, day(d) === today ? clock : day(d) + " " + clock);
    }
  }

  function tick() {
    const now = Date.now() + offset;
    for (const age of document.querySelectorAll(".age")) {
      setText(age, ageText(now - Number(age.dataset.at)));
    }
    if (Date.now() - heardAt > SILENT_MS) {
      show(false);
      connect();
    }
  }

  function show(connected) {
    live.classList.toggle("lost", !connected);
    document.body.classList.toggle("lost", !connected);
    setText(live, connected ? "\\u25cf Live" : "\\u2715 Connection lost, retrying \\u2013 this is the last known state");
  }

  function scrolls(root) {
    return [root, ...root.querySelectorAll(".scroll, .events")];
  }

  // Keeps the element itself: a live region is announced only when it stays in the document.
  function replacePart(old, part) {
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    const places = scrolls(old).map((e) => [e.scrollLeft, e.scrollTop]);
    old.className = part.className;
    old.replaceChildren(...part.childNodes);
    localise(old);
    scrolls(old).forEach((e, i) => {
      if (places[i]) [e.scrollLeft, e.scrollTop] = places[i];
    });
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }

  function update(html) {
    const parts = [...new DOMParser().parseFromString(html, "text/html").body.children];
    const ids = new Set(parts.map((part) => part.id));
    for (const old of [...main.children]) {
      if (ids.has(old.id)) continue;
      sent.delete(old.id);
      old.remove();
    }
    let before = null;
    for (const part of parts) {
      const text = part.outerHTML;
      let here = document.getElementById(part.id);
      if (!here) {
        here = document.importNode(part, true);
        if (before) before.after(here);
        else main.prepend(here);
        localise(here);
      } else if (sent.get(part.id) !== text) {
        replacePart(here, part);
      }
      sent.set(part.id, text);
      before = here;
    }
    tick();
  }

  function heard() {
    heardAt = Date.now();
    show(true);
  }

  function connect() {
    heardAt = Date.now();
    source?.close();
    source = new EventSource("/events");
    source.addEventListener("main", (event) => {
      heard();
      update(event.data);
    });
    source.addEventListener("beat", (event) => {
      heard();
      offset = Number(event.data) - Date.now();
    });
    source.addEventListener("error", () => {
      show(false);
      // A refusal closes for good; try again when the silence has lasted.
      if (source.readyState === EventSource.CLOSED) setTimeout(reconnect, 3000);
    });
  }

  function reconnect() {
    if (source.readyState === EventSource.CLOSED) connect();
  }

  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
  localise(document);
  tick();
  connect();
  setInterval(tick, 1000);
})();
`;
