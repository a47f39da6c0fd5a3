/**
 * Who is to have which partition: the same for all who know of the same members, in whatever order. As equal as can be, and one
 * that comes or goes moves few partitions.
 *
 * Each partition goes to the member that it likes best (rendezvous hashing) among those that have room. Without the limit three
 * members would share eight partitions as 5, 3 and 0 now and then.
 */
export function partitionOwners(members: readonly string[], partitionCount: number): readonly string[] {
  const rooms = new Map(members.map((member) => [member, Math.floor(partitionCount / members.length)]));
  let extraCount = partitionCount % members.length;
  return Array.from({ length: partitionCount }, (_, partition) => {
    let best = '';
    let bestScore = -1;
    for (const [member, room] of rooms) {
      if (room < 0 || (room === 0 && extraCount === 0)) continue;
      const score = scoreOf(member, partition);
      if (score > bestScore || (score === bestScore && member > best)) {
        best = member;
        bestScore = score;
      }
    }
    const room = rooms.get(best) ?? 0;
    if (room === 0) extraCount -= 1;
    rooms.set(best, room - 1);
    return best;
  });
}

/** FNV-1a, with the bits mixed at the end (murmur3's): members that differ in one digit are to differ in all. */
function scoreOf(member: string, partition: number): number {
  let hash = Math.imul(0x811c9dc5 ^ partition, 0x01000193);
  for (let index = 0; index < member.length; index += 1) {
    hash = Math.imul(hash ^ member.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
