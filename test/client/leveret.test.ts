import { clientSuite } from './client-suite.ts';
import { leveretFooting } from './leveret-footing.ts';

clientSuite('client of Leveret over TCP', leveretFooting);
