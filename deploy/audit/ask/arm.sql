SELECT {place}, wrong.id, wrong.what FROM (
{question}
) AS wrong
