import { StoreError } from './store-error.ts';

export function driverMissing(service: string, engine: string, module: string, cause: unknown): StoreError {
  return new StoreError(
    'DATABASE_DRIVER_MISSING',
    `service '${service}' keeps its data in ${engine}, which needs the package '${module}': npm install ${module}`,
    { cause },
  );
}
