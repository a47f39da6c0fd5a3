import type { Tracing } from './instruments.ts';
import { hasSdk, type OpenTelemetryApi, OpenTelemetryTracing } from './open-telemetry-tracing.ts';
import { PassingTracing } from './passing-tracing.ts';

/** In a variable, so that the compiler does not look for a package that need not be there. */
const API_PACKAGE: string = '@opentelemetry/api';

/** Makes spans when an SDK of OpenTelemetry is there by now, as `node --import` has it. Without one traces pass through. */
export async function openTracing(): Promise<Tracing> {
  const api = await openTelemetryApi();
  return api !== undefined && hasSdk(api) ? new OpenTelemetryTracing(api) : new PassingTracing();
}

async function openTelemetryApi(): Promise<OpenTelemetryApi | undefined> {
  try {
    return (await import(API_PACKAGE)) as OpenTelemetryApi;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
