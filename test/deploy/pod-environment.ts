import type { IContainer } from 'kubernetes-models/v1/Container';

/** The variables of a container as its process gets them, in a pod of this name: what Secrets have is `secrets`, or else their keys. */
export function environmentOf(
  container: IContainer,
  podName: string,
  secrets: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env ?? []) {
    const key = valueFrom?.secretKeyRef?.key ?? '';
    const given = valueFrom?.fieldRef?.fieldPath === 'metadata.name' ? podName : (secrets[key] ?? key);
    found[name] = expanded(value ?? given, found);
  }
  return found;
}

/** `text` with the values of `$(NAME)`, as Kubernetes puts them there. */
function expanded(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => variables[name] ?? whole);
}
