/** Felix's own steps, as the program in `judge/` runs them. @module */
import { TextLineStream } from "./lines.ts";

/** A key of etcd's and what is written there. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** What Felix makes of one pair. */
export interface Verdict {
  readonly accepted: boolean;
  /** This version of Felix does not read such a key. */
  readonly unread?: boolean;
  /** The step that refused it. */
  readonly judge?: string;
  readonly why?: string;
  /** What calicoctl would have against it; Felix does not ask. */
  readonly v3?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** What Felix's calculation graph tells the data plane of one host, as protobuf's JSON. */
export interface Outcome {
  /** By workload and endpoint id, with a space between. */
  readonly endpoints: Readonly<Record<string, Fields>>;
  /** Those of endpoints of the host, by namespace and name. */
  readonly policies: Readonly<Record<string, Fields>>;
  /** Addresses by the set's id. */
  readonly ipSets: Readonly<Record<string, readonly string[] | null>>;
}

/** What was said of a cloud: a verdict for each pair, and an outcome for each host. */
export interface Judged {
  readonly verdicts: readonly Verdict[];
  readonly hosts: Readonly<Record<string, Outcome>>;
}

/** A running program. Its questions are answered in order, one at a time. */
export class Judge implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  /** @param path of the program; `run.sh` builds it. */
  constructor(path: string) {
    this.#child = new Deno.Command(path, { stdin: "piped", stdout: "piped" }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    this.#input = this.#child.stdin.getWriter();
  }

  /** Puts a cloud's pairs through Felix on these hosts. @throws Error when the program has ended. */
  async cloud(pairs: readonly Pair[], hosts: readonly string[]): Promise<Judged> {
    const requests = [...pairs, { hosts }];
    const text = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
    const sent = this.#input.write(new TextEncoder().encode(text));
    const answers: unknown[] = [];
    while (answers.length < requests.length) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("Felix's judge has ended before it answered");
      answers.push(JSON.parse(value));
    }
    await sent;
    const last = answers.pop() as Pick<Judged, "hosts">;
    return { verdicts: answers as Verdict[], hosts: last.hosts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#lines.cancel();
    await this.#child.status;
  }
}
