/**
 * The page's script, served as `/app.js`. Nothing depends on it but comfort: live updates, local times,
 * exact ages, the word on a lost connection.
 *
 * An update changes only what differs, in place, so that focus, selection, what is typed, what is
 * unfolded and how far a list is scrolled stay; and a screen reader hears of the verdict only when it
 * changes.
 *
 * Its types are checked by the `deno.json` beside it, whose globals are a browser's.
 *
 * @module
 */

/** A stream from which nothing came for so long, ms, is lost. */
const SILENT_MS = 20_000;
/** A stream that the server refused is tried again after this, ms. */
const REFUSED_MS = 3000;

const main = byId("main");
const live = byId("live");
const icon = /** @type {HTMLLinkElement} */ (byId("icon"));
/** The day on which the document's times were written last. */
let localisedOn = "";
/** The server's clock less this machine's, ms. */
let offset = Number(document.body.dataset.now) - Date.now();
let heardAt = Date.now();
/** @type {EventSource | undefined} */
let source;
/**
 * What the server sent for each part: the document's own differs, its times are local.
 *
 * @type {Map<string, string>}
 */
const sent = new Map();
for (const part of main.children) sent.set(part.id, part.outerHTML);

/** @param {string} id */
function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element;
}

/** @param {number} n */
function pad(n) {
  return String(n).padStart(2, "0");
}

/** @param {Date} date */
function dayOf(date) {
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** @param {number} ms */
function ageText(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s ago`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min${min < 5 ? ` ${s % 60} s` : ""} ago`;
  const h = Math.floor(min / 60);
  if (h < 48) return `${h} h ${min % 60} min ago`;
  return `${Math.floor(h / 24)} d ${h % 24} h ago`;
}

/**
 * @param {Element} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {ParentNode} root */
function localise(root) {
  const today = dayOf(new Date(Date.now() + offset));
  if (root === document) localisedOn = today;
  for (const time of root.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    const seconds = "short" in time.dataset ? "" : `:${pad(date.getSeconds())}`;
    const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}${seconds}`;
    const bare = dayOf(date) === today && !("dated" in time.dataset);
    setText(time, bare ? clock : `${dayOf(date)} ${clock}`);
  }
}

function tick() {
  const now = Date.now() + offset;
  // Since midnight, what was today's is another day's.
  if (dayOf(new Date(now)) !== localisedOn) localise(document);
  for (const age of document.querySelectorAll(".age")) {
    if (age instanceof HTMLElement) {
      setText(age, ageText(now - Number(age.dataset.at)));
    }
  }
  if (Date.now() - heardAt > SILENT_MS) {
    show(false);
    connect();
  }
}

/** @param {boolean} connected */
function show(connected) {
  live.classList.toggle("lost", !connected);
  document.body.classList.toggle("lost", !connected);
  // Only the loss is announced; that all is well again, the page says by going on.
  if (connected) live.removeAttribute("role");
  else live.setAttribute("role", "alert");
  showState(connected);
  const lost = "✕ Connection lost, retrying – this is the last known state";
  setText(live, connected ? "● Live" : lost);
}

/**
 * The window's title and icon, as the server says the node is.
 *
 * @param {boolean} connected
 */
function showState(connected) {
  const { title = document.title, icon: href = icon.href } =
    document.getElementById("node-state")?.dataset ?? {};
  document.title = connected ? title : `✕ Connection lost · ${title}`;
  const wanted = connected ? href : "/icon-error.svg";
  if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
}

/**
 * Whether both stand for the same moment: times and ages are this script's to write as long as they do.
 *
 * @param {Element} a
 * @param {Element} b
 */
function isSameMoment(a, b) {
  if (a instanceof HTMLTimeElement && b instanceof HTMLTimeElement) {
    return a.dateTime === b.dateTime;
  }
  return a instanceof HTMLElement && b instanceof HTMLElement &&
    a.className === "age" && b.className === "age" &&
    a.dataset.at === b.dataset.at;
}

/**
 * Makes an element equal to another one and keeps what need not change.
 *
 * @param {Element} old
 * @param {Element} now
 */
function morph(old, now) {
  if (isSameMoment(old, now)) return;
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, now);
}

/**
 * @param {Element} old
 * @param {Element} now
 */
function morphChildren(old, now) {
  const known = new Map([...old.children].map((child) => [child.id, child]));
  let here = old.firstChild;
  for (const wanted of [...now.childNodes]) {
    const id = idOf(wanted);
    const same = id ? known.get(id) : undefined;
    if (same && same !== here) {
      old.insertBefore(same, here);
      here = same;
    }
    if (!here || here.nodeName !== wanted.nodeName || idOf(here) !== id) {
      old.insertBefore(document.importNode(wanted, true), here);
      continue;
    }
    if (here instanceof Element && wanted instanceof Element) {
      morph(here, wanted);
    } else if (here.nodeValue !== wanted.nodeValue) {
      here.nodeValue = wanted.nodeValue;
    }
    here = here.nextSibling;
  }
  while (here) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

/** @param {ChildNode} node */
function idOf(node) {
  return node instanceof Element ? node.id : "";
}

/**
 * Shows what the server has sent.
 *
 * @param {string} html the parts of the page's main element
 */
function update(html) {
  const parts = [
    ...new DOMParser().parseFromString(html, "text/html").body.children,
  ];
  const ids = new Set(parts.map((part) => part.id));
  const focused = document.activeElement;
  for (const old of [...main.children]) {
    if (ids.has(old.id)) continue;
    sent.delete(old.id);
    old.remove();
  }
  /** @type {Element | null} */
  let before = null;
  for (const part of parts) before = updatePart(part, before);
  if (focused && focused !== document.activeElement) refocus(focused);
  showState(true);
  tick();
}

/**
 * @param {Element} part as it is now
 * @param {Element | null} before the one that stands before it; null: it is the first
 */
function updatePart(part, before) {
  const text = part.outerHTML;
  const old = document.getElementById(part.id);
  if (old && sent.get(part.id) === text) return old;
  const here = old ?? document.importNode(part, true);
  if (old) morph(old, part);
  else if (before) before.after(here);
  else main.prepend(here);
  localise(here);
  sent.set(part.id, text);
  return here;
}

/**
 * The focused element may be another one now, of the same id; or gone, then it is the page's main part.
 *
 * @param {Element} lost
 */
function refocus(lost) {
  const again = lost.id ? document.getElementById(lost.id) : null;
  (again ?? main).focus({ preventScroll: true });
}

function heard() {
  heardAt = Date.now();
  show(true);
}

function connect() {
  heardAt = Date.now();
  source?.close();
  const view = encodeURIComponent(location.pathname + location.search);
  const stream = new EventSource(`/events?view=${view}`);
  source = stream;
  stream.addEventListener("main", (event) => {
    heard();
    update(event.data);
  });
  stream.addEventListener("beat", (event) => {
    heard();
    offset = Number(event.data) - Date.now();
  });
  stream.addEventListener("error", () => {
    show(false);
    // A refusal closes for good; try again when the silence has lasted.
    if (stream.readyState === EventSource.CLOSED) {
      setTimeout(reconnect, REFUSED_MS);
    }
  });
}

function reconnect() {
  if (source?.readyState === EventSource.CLOSED) connect();
}

function zoneText() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ||
    "this device's zone";
  return `Times are in ${zone}; point at one for UTC.`;
}

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => {
  if (event.persisted) connect();
});
setText(byId("zone"), zoneText());
localise(document);
tick();
connect();
setInterval(tick, 1000);
