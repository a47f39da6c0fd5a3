import type { Texts } from './language.tsx';
import { audit } from './zh/audit.ts';
import { clients } from './zh/clients.ts';
import { deadLetters } from './zh/dead-letters.ts';
import { definitions } from './zh/definitions.ts';
import { exchanges } from './zh/exchanges.ts';
import { flow } from './zh/flow.ts';
import { format } from './zh/format.ts';
import { login } from './zh/login.ts';
import { messages } from './zh/messages.ts';
import { outcomes } from './zh/outcomes.ts';
import { overview } from './zh/overview.ts';
import { parts } from './zh/parts.ts';
import { policies } from './zh/policies.ts';
import { queues } from './zh/queues.ts';
import { shell } from './zh/shell.ts';
import { topology } from './zh/topology.ts';
import { users } from './zh/users.ts';
import { vhosts } from './zh/vhosts.ts';

export const zh: Texts = {
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
