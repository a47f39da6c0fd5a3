import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import type { ApiError } from '../../data/http.ts';
import { useSessionActions } from '../../data/session.tsx';
import { type Texts, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Banner } from '../../parts/states.tsx';
import { LanguageChoice } from '../../shell/language-choice.tsx';
import { Mark } from '../../shell/mark.tsx';
import styles from './login-page.module.css';

interface Credential {
  readonly username: string;
  readonly password: string;
}

export function LoginPage({ hasEnded }: { readonly hasEnded: boolean }): ReactNode {
  const { login } = useTexts();
  const { logIn } = useSessionActions();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const attempt = useMutation<void, ApiError, Credential>({
    mutationFn: (credential) => logIn(credential.username, credential.password),
  });
  useEffect(() => {
    document.title = `${login.title} · Leveret`;
  }, [login]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    attempt.mutate({ username, password });
  };
  return (
    <main className={styles['page']}>
      <form className={styles['form']} onSubmit={submit}>
        <div className={styles['brand']}>
          <Mark size={44} />
          <div>
            <h1>Leveret</h1>
            <p>{login.lead}</p>
          </div>
        </div>
        {hasEnded && attempt.error === null && <Banner tone="warn" title={login.ended} />}
        {attempt.error !== null && <Banner tone="bad" title={refusalText(login, attempt.error)} />}
        <TextField
          label={login.username}
          value={username}
          onChange={setUsername}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
        />
        <TextField
          label={login.password}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
        />
        <Button type="submit" kind="primary" busy={attempt.isPending}>
          {login.submit}
        </Button>
      </form>
      <LanguageChoice />
    </main>
  );
}

function refusalText(login: Texts['login'], { status, message, retryAfterSeconds }: ApiError): string {
  switch (status) {
    case 0:
      return login.noAnswer;
    case 401:
      return login.wrong;
    case 403:
      return login.noTag;
    case 429:
      return retryAfterSeconds === undefined ? message : login.throttled(retryAfterSeconds);
    default:
      return message;
  }
}
