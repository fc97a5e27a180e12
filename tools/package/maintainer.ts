/** Who answers for the packages. @module */

/** Nobody does for those of a private build. */
const NOBODY = "calico-conductor, a private build <nobody@calico-conductor.invalid>";

/**
 * Name and address, as control files have them: `PACKAGE_MAINTAINER`, else what Debian's own tools take
 * (`DEBFULLNAME` and `DEBEMAIL`), else nobody's.
 *
 * @throws {Error} what is given is no name with an address.
 */
export function maintainerOf(env: Readonly<Record<string, string | undefined>>): string {
  const { PACKAGE_MAINTAINER: given, DEBFULLNAME: name, DEBEMAIL: address } = env;
  const maintainer = given || (name && address && `${name} <${address}>`) || NOBODY;
  if (/^[^<>\n]+ <[^<>@\s]+@[^<>@\s]+>$/.test(maintainer)) return maintainer;
  throw new Error(`the maintainer is to be "Name <address>", not ${JSON.stringify(maintainer)}`);
}
