/** Ids of Neutron's objects, in its answers, on the command line and in the API. @module */

/** Neutron gives UUIDs; a plugin may give others, as long as they can stand in a key and a URL. */
export const OBJECT_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** What an id looks like, for whoever gave something else. */
export const OBJECT_ID_HELP =
  "the id of an object as Neutron shows it, a UUID such as 7d1f0a4c-52b3-4e0e-9a3c-0f6d2b8e4a11 " +
  "(1 to 64 letters, digits, dots, hyphens and underscores)";
