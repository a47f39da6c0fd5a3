/**
 * Settings that the broker keeps for others and does not look into: parameters of a vhost, each of a component, and global
 * ones. Their values are JSON text. Each change is recorded, so that it is there again after a restart.
 */
import type { GlobalParameterDefinition, ParameterDefinition } from './definition.ts';
import type { DefinitionRecorder } from './definition-log.ts';

export interface Parameter {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  /** JSON text. */
  readonly value: string;
}

export interface GlobalParameter {
  readonly name: string;
  /** JSON text. */
  readonly value: string;
}

export class Parameters {
  readonly #definitions: DefinitionRecorder;
  /** By vhost, then by component, then by name. */
  readonly #vhosts = new Map<string, Map<string, Map<string, Parameter>>>();
  readonly #globals = new Map<string, GlobalParameter>();

  constructor(definitions: DefinitionRecorder) {
    this.#definitions = definitions;
  }

  /** Makes again what was recorded before a restart. */
  restore(definition: ParameterDefinition | GlobalParameterDefinition): void {
    const { name, value } = definition;
    if (definition.kind === 'global-parameter') this.setGlobal({ name, value });
    else this.set({ vhost: definition.vhost, component: definition.component, name, value });
  }

  /** Records all of them. */
  recordDefinitions(): void {
    for (const parameter of this.all()) this.#definitions.put({ kind: 'parameter', ...parameter });
    for (const parameter of this.globals()) this.#definitions.put({ kind: 'global-parameter', ...parameter });
  }

  // ---- of a vhost ----

  get(vhost: string, component: string, name: string): Parameter | undefined {
    return this.#vhosts.get(vhost)?.get(component)?.get(name);
  }

  /** Those of all vhosts and components, or of one. */
  all(vhost?: string, component?: string): readonly Parameter[] {
    const vhosts = vhost === undefined ? [...this.#vhosts.values()] : [this.#vhosts.get(vhost)];
    const components = vhosts.flatMap((each) => {
      return component === undefined ? [...(each?.values() ?? [])] : [each?.get(component)];
    });
    return components.flatMap((each) => [...(each?.values() ?? [])]);
  }

  /** Adds it, or replaces the one of the same vhost, component and name. */
  set(parameter: Parameter): void {
    const { vhost, component, name } = parameter;
    const components = this.#vhosts.get(vhost) ?? new Map<string, Map<string, Parameter>>();
    const names = components.get(component) ?? new Map<string, Parameter>();
    this.#vhosts.set(vhost, components.set(component, names.set(name, parameter)));
    this.#definitions.put({ kind: 'parameter', ...parameter });
  }

  /** Returns false when there is none. */
  delete(vhost: string, component: string, name: string): boolean {
    const parameter = this.get(vhost, component, name);
    if (parameter === undefined) return false;
    this.#vhosts.get(vhost)?.get(component)?.delete(name);
    this.#definitions.remove({ kind: 'parameter', ...parameter });
    return true;
  }

  /** Forgets all of the vhost, so that no later one of the same name has them. */
  vhostDeleted(vhost: string): void {
    for (const { component, name } of this.all(vhost)) this.delete(vhost, component, name);
    this.#vhosts.delete(vhost);
  }

  // ---- of the broker ----

  global(name: string): GlobalParameter | undefined {
    return this.#globals.get(name);
  }

  globals(): readonly GlobalParameter[] {
    return [...this.#globals.values()];
  }

  /** Adds it, or replaces the one of the same name. */
  setGlobal(parameter: GlobalParameter): void {
    this.#globals.set(parameter.name, parameter);
    this.#definitions.put({ kind: 'global-parameter', ...parameter });
  }

  /** Returns false when there is none. */
  deleteGlobal(name: string): boolean {
    const parameter = this.#globals.get(name);
    if (parameter === undefined) return false;
    this.#globals.delete(name);
    this.#definitions.remove({ kind: 'global-parameter', ...parameter });
    return true;
  }
}
