/**
 * Spans for OpenTelemetry. Without `OTEL_DENO=true` in the environment they cost next to nothing and go
 * nowhere; with it, Deno sends them over OTLP to where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
 *
 * @module
 */
import { type Attributes, SpanStatusCode, trace } from "@opentelemetry/api";
import { describeError } from "./log.ts";

const tracer = trace.getTracer("calico-conductor");

/** What is known of a span when it begins and, from what `act` returns, when it ends. */
export interface SpanOptions<T> {
  readonly attributes?: Attributes;
  /** Of the work, if that began before; ms since the epoch. */
  readonly startTime?: number;
  /** Added when it succeeds. */
  result?(value: T): Attributes;
}

/** Runs `act` in a span of that name; an error marks the span and goes on its way. */
export function traced<T>(
  name: string,
  options: SpanOptions<T>,
  act: () => Promise<T>,
): Promise<T> {
  const { attributes, startTime } = options;
  return tracer.startActiveSpan(name, { attributes, startTime }, async (span) => {
    try {
      const value = await act();
      if (options.result) span.setAttributes(options.result(value));
      return value;
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: describeError(error).slice(0, 500) });
      throw error;
    } finally {
      span.end();
    }
  });
}
