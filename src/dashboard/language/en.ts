import { audit } from './en/audit.ts';
import { clients } from './en/clients.ts';
import { deadLetters } from './en/dead-letters.ts';
import { definitions } from './en/definitions.ts';
import { exchanges } from './en/exchanges.ts';
import { flow } from './en/flow.ts';
import { format } from './en/format.ts';
import { login } from './en/login.ts';
import { messages } from './en/messages.ts';
import { outcomes } from './en/outcomes.ts';
import { overview } from './en/overview.ts';
import { parts } from './en/parts.ts';
import { policies } from './en/policies.ts';
import { queues } from './en/queues.ts';
import { shell } from './en/shell.ts';
import { topology } from './en/topology.ts';
import { users } from './en/users.ts';
import { vhosts } from './en/vhosts.ts';

export const en = {
  audit,
  clients,
  deadLetters,
  definitions,
  exchanges,
  flow,
  format,
  login,
  messages,
  outcomes,
  overview,
  parts,
  policies,
  queues,
  shell,
  topology,
  users,
  vhosts,
};
