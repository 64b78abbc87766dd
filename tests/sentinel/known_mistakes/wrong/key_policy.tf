# The account may use the key and cannot change its policy any more: nobody ever can.

data "aws_iam_policy_document" "landing_key" {
  statement {
    sid       = "AccountUses"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }
  }
}

resource "aws_kms_key" "landing" {
  description = "Landed data"
  policy      = data.aws_iam_policy_document.landing_key.json
}
