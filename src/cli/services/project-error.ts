/** What keeps a project of services from running. */
export type ProjectErrorCode =
  /** There is no entry module. */
  | 'NO_PROJECT'
  /** The entry module exports no service, or not the one that was asked for. */
  | 'NO_SERVICE'
  /** The entry module threw, or cannot be read. */
  | 'PROJECT_FAILED'
  /** It is written in TypeScript, and nothing here can run that. */
  | 'NO_TYPESCRIPT'
  /** The broker cannot be reached, or does not let the services in. */
  | 'START_FAILED'
  /** A folder that is to be made is there already. */
  | 'FOLDER_IN_USE';

export class ProjectError extends Error {
  readonly code: ProjectErrorCode;

  constructor(code: ProjectErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProjectError';
    this.code = code;
  }
}
