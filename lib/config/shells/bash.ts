/** The completion of bash, made from the tables. @module */
import { type CommandGuide, COMMON_FLAGS, OPTION_FLAGS, ownFlags, PROGRAM } from "../guide.ts";
import { everyFlag, HELP, valuesOf } from "./words.ts";

/** The script; `source <(calico-conductor completion bash)`. */
export function bashCompletion(guides: readonly CommandGuide[]): string {
  const commands = guides.map(({ name }) => name);
  const common = [...COMMON_FLAGS, ...OPTION_FLAGS].map(({ flag }) => flag);
  const all = everyFlag(guides);
  const valued = all.filter(({ placeholder }) => placeholder !== null).map(({ flag }) => flag);
  return `# bash completion of ${PROGRAM}: source <(${PROGRAM} completion bash)
_calico_conductor() {
  local word=\${COMP_WORDS[COMP_CWORD]} flag= prefix= command= own= i
  local before=\${COMP_WORDS[COMP_CWORD - 1]}
  # "--flag=value" is three words where "=" divides words, else one.
  if [[ $word == "=" ]]; then flag=$before word=
  elif [[ $before == "=" ]]; then flag=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $word == --*=* ]]; then flag=\${word%%=*} prefix=$flag= word=\${word#*=}
  else flag=$before
  fi
  COMPREPLY=()
  case $flag in
${all.flatMap((guide) => valueCase(guide.flag, valuesOf(guide))).join("\n")}
    ${valued.filter((flag) => !hasValues(all, flag)).join("|")}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${valued.join("|")})
        if [[ \${COMP_WORDS[i + 1]} == "=" ]]; then ((i += 2)); else ((i++)); fi ;;
      ${[...commands, HELP].join("|")}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $command in
${guides.flatMap((guide) => ownCase(guide)).join("\n")}
    ${HELP}) own="${commands.join(" ")}" ;;
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$own ${common.join(" ")}" -- "$word"))
  elif [[ -z $command ]]; then
    COMPREPLY=($(compgen -W "${[...commands, HELP].join(" ")}" -- "$word"))
  else COMPREPLY=($(compgen -W "$own" -X "-*" -- "$word"))
  fi
}
complete -F _calico_conductor ${PROGRAM}
`;
}

function hasValues(all: ReturnType<typeof everyFlag>, flag: string): boolean {
  return valuesOf(all.find((one) => one.flag === flag)!) !== null;
}

function valueCase(flag: string, values: ReturnType<typeof valuesOf>): string[] {
  if (values === null) return [];
  if (typeof values !== "string") {
    const words = `compgen -P "$prefix" -W "${values.join(" ")}" -- "$word"`;
    return [`    ${flag}) COMPREPLY=($(${words})); return ;;`];
  }
  // One path a line: names may hold spaces.
  const kind = values === "file" ? "-f" : "-d";
  return [
    `    ${flag}) compopt -o filenames 2>/dev/null`,
    `      mapfile -t COMPREPLY < <(compgen -P "$prefix" ${kind} -- "$word"); return ;;`,
  ];
}

function ownCase(guide: CommandGuide): string[] {
  const own = [...ownFlags(guide).map(({ flag }) => flag), ...guide.choices];
  return own.length === 0 ? [] : [`    ${guide.name}) own="${own.join(" ")}" ;;`];
}
