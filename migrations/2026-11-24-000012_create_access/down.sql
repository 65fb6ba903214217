DROP TABLE sign_in_failures, sign_in_links, sessions, api_tokens, operators;
