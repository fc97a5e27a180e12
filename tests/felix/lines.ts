/** Text in pieces of any size → its lines, without their ends. @module */

/** The last line needs no end. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let begun: string[] = [];
    super({
      transform(piece, out) {
        const [first = "", ...others] = piece.split("\n");
        begun.push(first);
        for (const next of others) {
          out.enqueue(begun.join(""));
          begun = [next];
        }
      },
      flush(out) {
        const rest = begun.join("");
        if (rest !== "") out.enqueue(rest);
      },
    });
  }
}
