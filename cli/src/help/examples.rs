//! A line for every verb that works as it stands, but for names of one's own.

/// That of a verb, by its path; `None` for what only has verbs below it.
pub fn of(path: &str) -> Option<&'static str> {
    Some(match path {
        "" => "--followers 20 --ephemeral",
        "local" => "local --followers 20 --ephemeral",
        "send" => "send approval_submitted --csv users.csv --set kind=年假 --dry-run",
        "status" => "status nq3KETWQvXGEWJME9l76cw --all",
        "replay" => "replay nq3KETWQvXGEWJME9l76cw --n 7",
        "templates" => "templates --stack queqiao-prod",
        "catalog check" => "catalog check notifications.toml",
        "catalog push" => "catalog push notifications.toml --stack queqiao-prod",
        "catalog pull" => "catalog pull kX3vQ9pTz7Rb2LmWc8YhNf5sJ1dGa6UoEi4Kt0-BxVg --as approval",
        "catalog show" => "catalog show --stack queqiao-prod > notifications.toml",
        "catalog rollback" => "catalog rollback --stack queqiao-prod",
        "keys create" => "keys create backend --scope send,read --stack queqiao-prod",
        "keys list" => "keys list --stack queqiao-prod",
        "keys revoke" => "keys revoke backend --stack queqiao-prod",
        "import" => "import users.csv --dry-run",
        "sync" => "sync --stack queqiao-prod",
        "doctor" => "doctor --stack queqiao-prod",
        "dead-letters show" => "dead-letters show --stack queqiao-prod",
        "dead-letters redrive" => "dead-letters redrive --queue DeliverDeadLetters --stack queqiao-prod",
        "forget" => "forget --openid oGx4MnA1FHGxwuufitytlkMBvjDA",
        "cost" => "cost --messages 1000000 --per-call 1000 --followers 50000",
        "mcp" => "mcp --stack queqiao-prod",
        "completions" => "completions bash > ~/.local/share/bash-completion/completions/queqiao",
        _ => return None,
    })
}
