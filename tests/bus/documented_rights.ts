/** The rights that docs/openstack.md gives to our user of RabbitMQ. @module */

const PAGE = new URL("../../docs/openstack.md", import.meta.url);

/** To configure, to write, to read: what `rabbitmqctl set_permissions` takes. */
export async function documentedRights(): Promise<readonly [string, string, string]> {
  const text = await Deno.readTextFile(PAGE);
  const [, lines] = /set_permissions conductor \\\n((?:.*\\\n)*.*)\n/.exec(text)!;
  const [configure, write, read] = lines!.split("\n").map((line) => /'(.*)'/.exec(line)![1]!);
  return [configure!, write!, read!];
}
