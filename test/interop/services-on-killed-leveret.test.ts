import { killedLeveretStages } from '../services/suite/server-footing.ts';
import { describeServices } from '../services/suite/services-suite.ts';

describeServices('services on Leveret that is killed in the middle', killedLeveretStages);
