-- The ends of all gift card codes: a word that looks like a code is one when it ends as one.
SELECT DISTINCT last4 FROM payment.gift_card;
