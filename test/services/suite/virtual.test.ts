import { describeServices } from './services-suite.ts';
import { virtualFooting } from './virtual-footing.ts';

describeServices('services on the test broker', virtualFooting);
