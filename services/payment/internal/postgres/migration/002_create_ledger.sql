-- +goose Up

CREATE TABLE ledger_transaction (
    id           text        COLLATE "C" PRIMARY KEY,
    kind         text        NOT NULL,
    source       text        NOT NULL,
    order_id     text        NOT NULL,
    payment_id   text        NOT NULL,
    operation_id text        NOT NULL,
    gift_card_id text        NOT NULL,
    actor        text        NOT NULL,
    request_id   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_transaction_source UNIQUE (source)
);
CREATE INDEX ledger_transaction_order ON ledger_transaction (order_id, id) WHERE order_id <> '';
CREATE INDEX ledger_transaction_payment ON ledger_transaction (payment_id, id) WHERE payment_id <> '';
CREATE INDEX ledger_transaction_gift_card ON ledger_transaction (gift_card_id, id) WHERE gift_card_id <> '';
COMMENT ON COLUMN ledger_transaction.source IS 'What caused it; a cause is booked once.';

CREATE TABLE posting (
    transaction_id text     COLLATE "C" NOT NULL REFERENCES ledger_transaction (id),
    line           smallint NOT NULL CHECK (line > 0),
    account        text     NOT NULL,
    subject        text     NOT NULL,
    currency       text     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount         bigint   NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, line),
    CONSTRAINT posting_account CHECK (account IN ('order:due', 'giftcard:liability', 'giftcard:issuance') OR account ~ '^psp:[a-z0-9-]+:clearing$')
);
COMMENT ON COLUMN posting.amount IS 'Minor units; debits are positive, credits negative.';

-- The balance of an entry is judged at the commit, when all its lines are there. Its lines are numbered 1, 2, 3 ...: an entry
-- is judged when it is new, and again when a line is added, which can only be a third or later one.
-- +goose StatementBegin
CREATE FUNCTION check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry text;
    good  boolean;
BEGIN
    IF TG_TABLE_NAME = 'posting' THEN
        entry := NEW.transaction_id;
    ELSE
        entry := NEW.id;
    END IF;
    SELECT sum(sums.lines) >= 2 AND sum(sums.lines) = max(sums.last) AND bool_and(sums.amount = 0) INTO good
    FROM (SELECT count(*) AS lines, max(posting.line) AS last, sum(posting.amount) AS amount
          FROM posting WHERE posting.transaction_id = entry GROUP BY posting.currency) AS sums;
    IF good IS NOT TRUE THEN
        RAISE EXCEPTION 'ledger entry % is not balanced', entry USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER ledger_transaction_balanced AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry();
CREATE CONSTRAINT TRIGGER posting_balanced AFTER INSERT ON posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.line > 2) EXECUTE FUNCTION check_entry();

-- What is in the books stays: mistakes are mended by further entries.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transaction, posting FROM payment_app;

CREATE TABLE gift_card (
    id         text        COLLATE "C" PRIMARY KEY,
    code_hash  bytea       NOT NULL UNIQUE,
    last4      text        NOT NULL CHECK (length(last4) = 4),
    currency   text        NOT NULL,
    initial    bigint      NOT NULL CHECK (initial > 0),
    balance    bigint      NOT NULL,
    held       bigint      NOT NULL DEFAULT 0,
    status     text        NOT NULL CHECK (status IN ('active', 'disabled')),
    expires_at timestamptz,
    note       text        NOT NULL CHECK (length(note) <= 500),
    issuer     text        NOT NULL,
    request_id text        NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT gift_card_request UNIQUE (issuer, request_id),
    CONSTRAINT gift_card_held_within_balance CHECK (held BETWEEN 0 AND balance)
) WITH (fillfactor = 70);
COMMENT ON COLUMN gift_card.balance IS 'Minus the sum of the card''s postings to giftcard:liability.';

CREATE TABLE gift_card_hold (
    id           text        COLLATE "C" PRIMARY KEY,
    gift_card_id text        COLLATE "C" REFERENCES gift_card (id),
    order_id     text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('held', 'posted', 'released', 'expired')),
    amount       bigint      NOT NULL,
    posted       bigint      NOT NULL DEFAULT 0,
    refunded     bigint      NOT NULL DEFAULT 0,
    currency     text        NOT NULL,
    expires_at   timestamptz,
    request_id   text        NOT NULL,
    actor        text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT gift_card_hold_posted_within_amount CHECK (posted BETWEEN 0 AND amount),
    CONSTRAINT gift_card_hold_refunded_within_posted CHECK (refunded BETWEEN 0 AND posted),
    CONSTRAINT gift_card_hold_tombstone CHECK (gift_card_id IS NOT NULL OR (state = 'released' AND amount = 0))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX gift_card_hold_once ON gift_card_hold (gift_card_id, order_id) WHERE state IN ('held', 'posted');
CREATE INDEX gift_card_hold_expiry ON gift_card_hold (expires_at) WHERE state = 'held';
COMMENT ON TABLE gift_card_hold IS 'A row without a card is a tombstone: it was released before it was made.';

CREATE TABLE gift_card_refund (
    hold_id    text        COLLATE "C" NOT NULL REFERENCES gift_card_hold (id),
    id         text        COLLATE "C" NOT NULL,
    amount     bigint      NOT NULL CHECK (amount > 0),
    request_id text        NOT NULL,
    actor      text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (hold_id, id)
);
