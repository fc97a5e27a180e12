/**
 * The page's script, as text so that it is in the compiled binary. Nothing depends on it but
 * comfort: live updates, local times, exact ages, the word on a lost connection.
 *
 * An update changes only what differs, in place, so that focus, selection, what is typed, what is
 * unfolded and how far a list is scrolled stay; and a screen reader hears of the verdict only when it
 * changes.
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
      const seconds = "short" in time.dataset ? "" : ":" + pad(d.getSeconds());
      const clock = pad(d.getHours()) + ":" + pad(d.getMinutes()) + seconds;
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
    // Only the loss is announced; that all is well again, the page says by going on.
    if (connected) live.removeAttribute("role");
    else live.setAttribute("role", "alert");
    setText(live, connected ? "\\u25cf Live" : "\\u2715 Connection lost, retrying \\u2013 this is the last known state");
  }

  // Times and ages are this script's to write while they stand for the same moment.
  function isSameMoment(a, b) {
    return a.nodeName === "TIME" && a.dateTime === b.dateTime ||
      a.className === "age" && b.className === "age" && a.dataset.at === b.dataset.at;
  }

  function morph(old, now) {
    if (isSameMoment(old, now)) return;
    for (const { name } of [...old.attributes]) {
      if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    for (const { name, value } of now.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const byId = new Map();
    for (const child of old.children) if (child.id) byId.set(child.id, child);
    let here = old.firstChild;
    for (const wanted of [...now.childNodes]) {
      const known = wanted.id ? byId.get(wanted.id) : undefined;
      if (known && known !== here) old.insertBefore(known, here), here = known;
      const fits = here && here.nodeType === wanted.nodeType && here.nodeName === wanted.nodeName &&
        (here.id || "") === (wanted.id || "");
      if (!fits) {
        old.insertBefore(document.importNode(wanted, true), here);
        continue;
      }
      if (here.nodeType === Node.ELEMENT_NODE) morph(here, wanted);
      else if (here.data !== wanted.data) here.data = wanted.data;
      here = here.nextSibling;
    }
    while (here) {
      const next = here.nextSibling;
      here.remove();
      here = next;
    }
  }

  function update(html) {
    const parts = [...new DOMParser().parseFromString(html, "text/html").body.children];
    const ids = new Set(parts.map((part) => part.id));
    const focused = document.activeElement;
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
      } else if (sent.get(part.id) !== text) {
        morph(here, part);
      }
      if (sent.get(part.id) !== text) localise(here);
      sent.set(part.id, text);
      before = here;
    }
    if (focused !== document.activeElement) refocus(focused);
    tick();
  }

  // The focused element may be another one now, of the same id; or gone, then the page's main part.
  function refocus(lost) {
    const again = lost.id ? document.getElementById(lost.id) : null;
    (again || main).focus({ preventScroll: true });
  }

  function heard() {
    heardAt = Date.now();
    show(true);
  }

  function connect() {
    heardAt = Date.now();
    source?.close();
    source = new EventSource("/events?view=" + encodeURIComponent(location.pathname + location.search));
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

  function zoneText() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "this device's zone";
    return "Times are in " + zone + "; point at one for UTC.";
  }

  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
  setText(document.getElementById("zone"), zoneText());
  localise(document);
  tick();
  connect();
  setInterval(tick, 1000);
})();
`;
