/** The completion of zsh, made from the tables. @module */
import {
  type CommandGuide,
  COMMON_FLAGS,
  type FlagGuide,
  OPTION_FLAGS,
  ownFlags,
  PROGRAM,
} from "../guide.ts";
import { HELP, quoted, valuesOf } from "./words.ts";

/** The script; a file `_calico-conductor` of `$fpath`, or `source <(calico-conductor completion zsh)`. */
export function zshCompletion(guides: readonly CommandGuide[]): string {
  const described = [...guides, { name: HELP, about: "Print the help of a command" }];
  const commands = described.map(({ name, about }) => quoted(`${name}:${about}`));
  return `#compdef ${PROGRAM}
# zsh completion of ${PROGRAM}: source <(${PROGRAM} completion zsh)
_calico_conductor() {
  local curcontext=$curcontext state line
  local -a commands options
  commands=(
    ${commands.join("\n    ")}
  )
  options=(
    ${[...COMMON_FLAGS, ...OPTION_FLAGS].map(spec).join("\n    ")}
  )
  _arguments -C $options '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${guides.flatMap(ownCase).join("\n")}
        ${HELP}) _arguments '1: :(${guides.map(({ name }) => name).join(" ")})' ;;
        *) _arguments $options ;;
      esac ;;
  esac
}
if [[ $funcstack[1] == _calico-conductor ]]; then
  _calico_conductor "$@"
else
  compdef _calico_conductor ${PROGRAM}
fi
`;
}

function ownCase(guide: CommandGuide): string[] {
  const { name, choices, subject } = guide;
  const words = subject === null ? [] : [quoted(`1:${masked(subject)}:(${choices.join(" ")})`)];
  const specs = [...ownFlags(guide).map(spec), ...words];
  return specs.length === 0
    ? []
    : [`        ${name}) _arguments $options \\`, `          ${specs.join(" \\\n          ")} ;;`];
}

/** A flag as \`_arguments\` takes it. */
function spec(guide: FlagGuide): string {
  const { flag, help, placeholder, repeatable } = guide;
  const star = repeatable ? "*" : "";
  if (placeholder === null) return quoted(`${star}${flag}[${masked(help)}]`);
  const values = valuesOf(guide);
  const action = values === null
    ? " "
    : values === "file"
    ? "_files"
    : values === "directory"
    ? "_files -/"
    : `(${values.join(" ")})`;
  return quoted(`${star}${flag}=[${masked(help)}]:${masked(placeholder)}:${action}`);
}

/** What divides the parts of a specification, as a part of one. */
function masked(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, "\\$&");
}
