/**
 * Where a service's answer may lead. Keystone's catalogue names the other services, which often are on
 * other hosts: each must be one host, and none may be asked in the clear when Keystone was asked over TLS,
 * for our token goes there. Everything else that an answer names (a version document's links, the links of
 * a page, a redirection) is on the host that was asked, or is not followed.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import { isPeerHost } from "../base/peer_host.ts";

/**
 * Why the base URL of a service that the catalogue names is not asked; null: it is.
 *
 * @param keystone Keystone's own URL, null when nobody was asked.
 */
export function whyNotAsked(text: string, keystone: string | null): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return "it is no URL of http or https";
  if (hasUserInfo(url)) return "it has a user, which a catalogue has no use for";
  if (url.search !== "" || url.hash !== "") return "it has a query or a fragment";
  if (!isPeerHost(url.hostname)) return "its host is a wildcard, or no host at all";
  if (url.protocol === "http:" && keystone !== null && new URL(keystone).protocol === "https:") {
    return "Keystone is asked over TLS, and our token would go there in the clear";
  }
  return null;
}

/** Whether a URL carries a user or a password. */
export function hasUserInfo({ username, password }: URL): boolean {
  return username !== "" || password !== "";
}

/** A URL of others for people: without a user, a query or a fragment, at most 200 characters. */
export function shownUrl(text: string): string {
  const shown = URL.canParse(text)
    ? withoutSecrets(new URL(text))
    : text.replace(/[?#].*/s, "").replace(/.*@/s, "");
  return clip(shown, 200);
}

function withoutSecrets({ protocol, host, pathname }: URL): string {
  return `${protocol}${host === "" ? "" : `//${host}`}${pathname}`;
}
