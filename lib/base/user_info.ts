/** Texts without the logins that URLs may carry. Pure. @module */

/**
 * The text with `mark` in the place of what stands before the host in a URL: a user, perhaps with a
 * password, which may itself hold an `@`, a slash or a comma. URLs without their scheme count as well, when
 * they have a password; a name such as `me@example` is none.
 */
export function withoutUserInfo(text: string, mark = "(secret)@"): string {
  return text.replaceAll(/\S+/g, (word) => {
    const at = word.lastIndexOf("@");
    if (at < 0) return word;
    const before = word.slice(0, at);
    const scheme = /[a-z][a-z0-9+.-]{0,20}:[/\\]+/i.exec(before);
    if (!scheme && !before.includes(":")) return word;
    const end = scheme ? scheme.index + scheme[0].length : 0;
    return word.slice(0, end) + mark + word.slice(at + 1);
  });
}
