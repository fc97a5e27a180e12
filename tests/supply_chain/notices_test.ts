/** The licences of what the binary brings along. @module */
import type { Bom } from "../../tools/sbom/bom.ts";
import { materials } from "../../tools/sbom/main.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("every package that the product brings along is named with the text of its licence", async () => {
  const { bill, notices } = await materials();
  const { components }: Bom = JSON.parse(bill);
  const required = components.filter(({ scope, purl }) =>
    scope === "required" && purl?.startsWith("pkg:npm/")
  );
  assert(required.length > 20, `${required.length} packages`);
  for (const { group, name, version } of required) {
    const full = `${group ? `${group}/` : ""}${name} ${version} (`;
    assert(notices.split("\n").some((line) => line.startsWith(full)), full);
  }
  for (
    const text of [
      "Permission is hereby granted", // MIT
      "Permission to use, copy, modify", // ISC
      "Redistribution and use in source and binary forms", // BSD
      "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION", // Apache
    ]
  ) assert(notices.includes(text), text);
  assert(!notices.includes("fast-check"), "what is for tests alone does not go along");
  const parts = notices.split(/^-{72}$/m);
  const bare = parts.filter((part) => part.includes("has no text of its licence"))
    .flatMap((part) => part.match(/^\S+ (?=\d)/gm) ?? []);
  // A new one is to be looked at by people: its licence may have to be got elsewhere.
  assertEquals(bare, ["@hono/zod-openapi ", "@hono/zod-validator "]);
});
