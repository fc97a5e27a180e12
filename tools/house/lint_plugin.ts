/**
 * A plugin of `deno lint` that complains of nothing: it reports, as JSON in a diagnostic's message, what a
 * source file imports and how long its functions and tables are. So the measures rest on Deno's own parser.
 *
 * @module
 */

/** What one diagnostic of the plugin says; its place says which lines. */
export type Fact =
  | { readonly kind: "import"; readonly from: string }
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "table" };

type Literal = Deno.lint.ArrayExpression | Deno.lint.ObjectExpression;
type AnyFunction =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/** A plugin with one rule, `house/facts`. */
const plugin: Deno.lint.Plugin = { name: "house", rules: { facts: { create: visitor } } };
export default plugin;

function visitor(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const tables = new TableFinder();
  const report = (node: Deno.lint.Node, fact: Fact) =>
    context.report({ node, message: JSON.stringify(fact) });
  const imported = (node: Deno.lint.Node, source: unknown) => {
    if (typeof source === "string") report(node, { kind: "import", from: source });
  };
  const measured = (node: AnyFunction) => report(node, { kind: "function", name: nameOf(node) });
  const closed = (literal: Literal) => {
    if (tables.leave(literal)) report(literal, { kind: "table" });
  };
  return {
    ImportDeclaration: (node) => imported(node, node.source.value),
    ExportNamedDeclaration: (node) => imported(node, node.source?.value),
    ExportAllDeclaration: (node) => imported(node, node.source.value),
    ImportExpression: (node) =>
      imported(node, node.source.type === "Literal" ? node.source.value : undefined),
    FunctionDeclaration: measured,
    FunctionExpression: measured,
    ArrowFunctionExpression: measured,
    BlockStatement: () => tables.code(),
    ArrayExpression: (node) => tables.enter(node),
    ObjectExpression: (node) => tables.enter(node),
    "ArrayExpression:exit": closed,
    "ObjectExpression:exit": closed,
  };
}

/** Tells literals of data from literals that hold code. */
class TableFinder {
  readonly #open: { literal: Literal; holdsCode: boolean }[] = [];

  enter(literal: Literal): void {
    this.#open.push({ literal, holdsCode: false });
  }

  /** A block of statements was met: whatever is open around it is no table. */
  code(): void {
    for (const around of this.#open) around.holdsCode = true;
  }

  /** Whether the literal that ends here is a table. */
  leave(literal: Literal): boolean {
    const closed = this.#open.pop();
    return closed?.literal === literal && !closed.holdsCode;
  }
}

function nameOf(node: AnyFunction): string {
  if (node.type !== "ArrowFunctionExpression" && node.id) return node.id.name;
  const { parent } = node as { parent?: Deno.lint.Node };
  switch (parent?.type) {
    case "VariableDeclarator":
      return parent.id.type === "Identifier" ? parent.id.name : "";
    case "MethodDefinition":
    case "PropertyDefinition":
    case "Property":
      return keyText(parent.key);
    default:
      return "";
  }
}

function keyText(key: Deno.lint.Node): string {
  if (key.type === "Identifier") return key.name;
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  return "";
}
