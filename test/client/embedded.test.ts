import { clientSuite } from './client-suite.ts';
import { embeddedFooting } from './embedded-footing.ts';

clientSuite('client of a broker in the process', embeddedFooting);
