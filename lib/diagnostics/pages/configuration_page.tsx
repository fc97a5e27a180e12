// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** Every option with its value in force and where that comes from; secrets are not among what is told. Pure. @module */
import { z } from "zod";
import { formatCount, plural } from "../../base/format.ts";
import { type EffectiveRow, isGiven } from "../../config/effective_rows.ts";
import { Choices, Cut, Empty, Foreign, Section, Table } from "../parts.tsx";
import { addressOf } from "../address.ts";

const MAX_ROWS = 200;
const SHOWN = ["all", "given"] as const;

/** What the page can be asked for. */
export const configurationQuerySchema = z.object({
  /** "given": only what is not a default. */
  show: z.enum(SHOWN).catch("all"),
});
export type ConfigurationQuery = z.infer<typeof configurationQuerySchema>;

/** The page's main part. */
export function ConfigurationPage({ options, query }: {
  options: readonly EffectiveRow[];
  query: ConfigurationQuery;
}) {
  const title = "Configuration in force";
  if (options.length === 0) {
    const none = "Not told by the supervisor yet.";
    return <Section id="configuration" title={title} none={none} first />;
  }
  const given = options.filter(isGiven);
  const note = `${plural(options.length, "option")}, ${formatCount(given.length)} of them given`;
  const shown = query.show === "given" ? given : options;
  return (
    <Section id="configuration" title={title} note={note} first>
      <p class="lead">
        What <code>calico-conductor config</code>{" "}
        prints: flags count more than the environment, that more than files. A secret is only said
        to be set. Endpoints that are not set come from Keystone's catalogue.
      </p>
      <Choices
        name="show"
        label="Which options"
        of={SHOWN.map((show) => [show, show])}
        chosen={query.show}
        href={(show) => addressOf("/configuration", { show }, configurationQuerySchema)}
      />
      {shown.length === 0 ? <Empty>None: every option has its default.</Empty> : (
        <Table
          id="options"
          caption="Options, their values and where these come from"
          columns={["Option", "Value", "From", "Meaning"]}
        >
          {shown.slice(0, MAX_ROWS).map((option) => <OptionRow option={option} />)}
        </Table>
      )}
    </Section>
  );
}

function OptionRow({ option: { name, value, source, unit, help } }: { option: EffectiveRow }) {
  const from = <Foreign of={source} max={500} />;
  return (
    <tr>
      <th scope="row" class="id">{name}</th>
      <td class="wide">
        {value === null ? <span class="quiet">not set</span> : <Cut of={value} max={200} wrap />}
        {value !== null && unit !== null ? <span class="quiet">{` ${unit}`}</span> : null}
      </td>
      <td class="wide">
        {isGiven({ source }) ? <b>{from}</b> : <span class="quiet">{from}</span>}
      </td>
      <td class="wide quiet">
        <Foreign of={help} max={500} />
      </td>
    </tr>
  );
}
