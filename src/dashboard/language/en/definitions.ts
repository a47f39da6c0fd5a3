export const definitions = {
  lead: 'Everything that is declared, as one file that RabbitMQ reads, too. Messages are not in it.',
  export: 'Export',
  exportLead:
    'Users with their password hashes, virtual hosts, permissions, policies, queues, exchanges, bindings.',
  exportVhostLead:
    'Policies, queues, exchanges and bindings of one virtual host; they can be imported into another one.',
  what: 'What',
  all: 'Everything',
  download: 'Download',
  downloaded: (name: string): string => `${name} was made.`,
  import: 'Import',
  importLead: 'Nothing changes before you have seen what the file would do.',
  into: 'Into',
  intoAll: 'Where the file says',
  drop: 'Drop a file of definitions here',
  dropNow: 'Drop it',
  choose: 'Choose a file',
  reading: 'Reading …',
  noJson: (name: string): string =>
    `${name} is no JSON: choose a file that was exported here or by RabbitMQ.`,
  noDefinitions: (name: string): string =>
    `${name} holds no definitions: it must be a JSON object with lists such as “queues” and “users”.`,
  tooBig: (name: string, size: string, most: string): string =>
    `${name} has ${size}, but at most ${most} can be imported at once: split it by virtual host.`,
  previewTitle: (name: string): string => `What ${name} would do`,
  kind: 'Kind',
  inFile: 'In the file',
  added: 'New',
  changed: 'Changed',
  same: 'The same',
  newNames: 'New or changed',
  kinds: {
    users: 'Users',
    vhosts: 'Virtual hosts',
    permissions: 'Permissions',
    topic_permissions: 'Topic permissions',
    parameters: 'Parameters and limits',
    global_parameters: 'Global parameters',
    policies: 'Policies',
    queues: 'Queues',
    exchanges: 'Exchanges',
    bindings: 'Bindings',
  },
  more: (count: string): string => `and ${count} more`,
  conflicts: (count: string): string =>
    `Queues and exchanges that are there with other properties: ${count}. The broker will refuse the file until they are deleted.`,
  changesYou: 'The file changes your own user: your password or tags may be other ones afterwards.',
  nothingNew: 'All of it is there already: the import would change nothing.',
  ignored:
    'Users, virtual hosts and permissions in the file are left out when it goes into one virtual host.',
  confirm: (count: string, isOne: boolean): string =>
    `Import ${count} ${isOne ? 'definition' : 'definitions'}`,
  confirmTitle: (name: string): string => `Import ${name}?`,
  confirmWhat: (added: string, changed: string): string =>
    `New: ${added}. Changed: ${changed}. An import cannot be undone as a whole; export first to be able to go back.`,
  imported: (name: string): string => `${name} was imported.`,
  discard: 'Discard',
};
