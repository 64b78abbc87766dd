# Once the agents may use them: a dataset that is made earlier is refused.
output "key_ids" {
  description = "Name of a key -> its id."
  value       = { for use, key in google_kms_crypto_key.this : use => key.id }
  depends_on  = [google_kms_crypto_key_iam_member.agents]
}
