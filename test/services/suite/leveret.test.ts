import { leveretStages } from './server-footing.ts';
import { describeServices } from './services-suite.ts';

describeServices('services on Leveret over TCP', leveretStages);
