import type { login as english } from '../en/login.ts';

export const login: typeof english = {
  title: '登录',
  lead: '查看队列的流动',
  username: '用户名',
  password: '密码或令牌',
  submit: '登录',
  wrong: '用户名或密码不正确。',
  throttled: (seconds) => `失败次数过多，请在 ${seconds} 秒后重试。`,
  noTag: '该用户不能使用管理界面：需要 management、policymaker、monitoring 或 administrator 标签。',
  noAnswer: '消息服务器没有响应。它在运行吗？',
  ended: '会话已结束，请重新登录。',
};
