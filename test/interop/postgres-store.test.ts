import { postgresInstalled } from '../servers/postgres.ts';
import { postgresFooting } from '../services/store/postgres-footing.ts';
import { postgresSuite } from '../services/store/postgres-suite.ts';
import { storeSuite } from '../services/store/store-suite.ts';
import { describeWith } from './debian.ts';

const POSTGRES = { debianPackage: 'postgresql', present: postgresInstalled() };

describeWith(POSTGRES, 'PostgreSQL', () => {
  storeSuite('a store in PostgreSQL', postgresFooting);
  postgresSuite();
});
