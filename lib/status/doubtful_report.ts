/** The outcome of a report that an earlier one may still undo. @module */

/** Such a port was told its newest status, which may not last: it is told again. */
export class DoubtfulReportError extends Error {
  override readonly name = "DoubtfulReportError";
  constructor() {
    super("an earlier report, of which no answer came, may still arrive: it is told again then");
  }
}
