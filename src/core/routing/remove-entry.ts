/**
 * Takes one `entry` out of `list`, and moves the last one into its place: for lists whose order means nothing. Equal
 * entries stand for one binding each, and it makes no difference which of them goes. Costs a walk over the list.
 */
export function removeEntry<T>(list: T[], entry: T): void {
  const at = list.lastIndexOf(entry);
  if (at < 0) throw new Error('Removed a binding that this router does not have');
  const last = list.pop() as T;
  if (at < list.length) list[at] = last;
}
